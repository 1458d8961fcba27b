"""The changes of the tables from version to version. A migration that was released is never edited."""
