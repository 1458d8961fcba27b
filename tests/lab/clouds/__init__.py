"""One stand-in a vendor, each written from the vendor's documentation."""
