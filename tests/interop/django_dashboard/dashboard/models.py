"""No models yet. The module is here because Django announces ``post_migrate`` to apps that have one, no others."""
