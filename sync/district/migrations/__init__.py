"""The numbered steps of the district's database; a step once released is never changed."""
