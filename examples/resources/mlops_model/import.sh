# By name. The plan that follows is empty if the source holds what was uploaded, wherever it lies.
terraform import mlops_model.hairnet hairnet
