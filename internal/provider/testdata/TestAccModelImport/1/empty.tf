# The models as they are.
