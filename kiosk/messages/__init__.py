"""The words of each language, a file each; kiosk/words.py reads them."""
