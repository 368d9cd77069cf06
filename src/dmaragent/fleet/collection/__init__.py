"""Collection: fill a folder with one document for each host, over ssh."""
