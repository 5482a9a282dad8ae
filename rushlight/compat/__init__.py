"""Running programs that were written for torch: the alias, the runner, idioms of old versions."""
