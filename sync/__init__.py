"""Between the kiosk and the Disdik."""
