"""Where things lie: the checkout, its data, and the folder beside it whose tests skip where it is absent."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
DATA = CHECKOUT / "data"
TOYTOWN = DATA / "toytown"
SHARED = CHECKOUT.parent / "shared"
