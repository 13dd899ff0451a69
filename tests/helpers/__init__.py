"""What several tests share: towns, plans, pages and servers made up for them."""
