"""What a station carries: by a fixed energy a charger, or by what keeps a promised wait."""
