// The printed sheet: A4 landscape with title, legend, scale and notes; the map keeps its middle and what it shows.

function printing(app) {
  const { map } = app;
  let before = null;
  function lay() {
    if (before) return;
    before = map.getBounds();
    document.body.classList.add("paper");
    map.invalidateSize({ animate: false, pan: false });
    map.fitBounds(before, { animate: false });
    // vector layers redraw in the next frame, which a browser's print does not wait for
    Object.values(map._layers).forEach((layer) => { if (layer instanceof L.Canvas) layer._redraw(); });
    app.placeNames();
  }
  function back() {
    if (!before) return;
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
