// The printed sheet: A4 landscape with title, legend, scale and notes; the map keeps its middle and what it shows.

/**
 * A picture of a canvas to print in its place. Chromium replays what was drawn on a canvas since the last frame, and a
 * replayed clearing would wipe the page below, not the canvas alone.
 */
function pictureOf(canvas) {
  const picture = canvas.cloneNode();
  if (canvas.width && canvas.height) picture.getContext("2d").drawImage(canvas, 0, 0);
  picture.classList.add("picture");
  canvas.after(picture);
}

function printing(app) {
  const { map } = app;
  let before = null;
  function lay() {
    if (before) return;
    before = map.getBounds();
    document.body.classList.add("paper");
    map.invalidateSize({ animate: false, pan: false });
    map.fitBounds(before, { animate: false });
    map.getPanes().mapPane.querySelectorAll("canvas").forEach(pictureOf);
    app.placeNames();
  }
  function back() {
    if (!before) return;
    document.querySelectorAll("canvas.picture").forEach((picture) => picture.remove());
    document.body.classList.remove("paper");
    map.invalidateSize({ animate: false, pan: false });
    map.fitBounds(before, { animate: false });
    before = null;
  }
  window.addEventListener("beforeprint", lay);
  window.addEventListener("afterprint", back);
  return () => {
    map.closePopup();
    lay();
    requestAnimationFrame(() => requestAnimationFrame(() => window.print()));
  };
}
