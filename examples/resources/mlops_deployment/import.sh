# By name. Containers that this provider did not make can be imported, too;
# a configuration that matches them restarts nothing.
terraform import mlops_deployment.hairnet pyt-hairnet-detection
