"""The typed schema of conf/, one light module per group, and how it is composed.

Nothing here imports anything heavy: a wrong key or value ends a command before TensorFlow, Keras or MLflow load.
"""
