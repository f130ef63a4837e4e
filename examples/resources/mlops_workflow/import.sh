# By name. What the newest run recorded becomes the state; nothing runs, and the
# first plan of a matching configuration is empty.
terraform import mlops_workflow.retrain vest-retrain
