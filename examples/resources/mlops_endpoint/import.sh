# By name. The plan that follows is empty if the configuration says what the endpoint is.
terraform import mlops_endpoint.hairnet hairnet
