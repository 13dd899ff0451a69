"""Drivers sent through a plan one by one: waits, losses and use, without the formula that planned it."""
