"""One message in, one reply out: the model, its tools and its memory."""
