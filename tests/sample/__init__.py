"""A library: the sample slice that carries the tests of the engine, so that these need nothing of the tracker.

Shelves are the areas of guests. Books stand on shelves, and have an author, tags and a parent: the book whose volume
they are.
"""
