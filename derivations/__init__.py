"""One file per theorem: file name = theorem name = label in the paper."""
