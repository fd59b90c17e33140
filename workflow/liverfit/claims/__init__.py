"""Claims: which evidence bears on them, what it says, and the verdict by the declared rule."""
