"""The rooms behind `simulate`: sources of points, draws, recording, streaming, seeds, archive."""
