# A deployment step without an image refers to a container that exists, whoever
# made it: one that runs is left alone, one that is stopped is started, with a
# warning, and one that is missing is a warning and the step is skipped. The
# container is never changed, and stays when the workflow is destroyed.
#
# To take it over, and change it from then on, use an mlops_deployment with
# adopt_existing = true.
terraform {
  required_providers {
    mlops = { source = "seed-mlops/mlops" }
  }
}

resource "mlops_workflow" "nightly" {
  name = "gloves-nightly"

  steps = [
    {
      name = "train"
      training = {
        image = "registry.example.com/gloves-train:1"
      }
    },
    {
      name = "deploy"
      deployment = {
        detection_task = "gloves_detection" # the container is called pyt-gloves-detection
      }
    },
  ]
}

output "deployment" {
  value = mlops_workflow.nightly.results["deploy"].status
}
