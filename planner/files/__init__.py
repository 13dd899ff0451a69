"""The ground floor of files: readers that say in one message what is wrong, and writers of whole files."""
