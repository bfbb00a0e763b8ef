"""Training: optimizer, class weights, metrics, callbacks, checkpoints."""
