import {
  to = mlops_workflow.retrain
  id = "vest-retrain"
}
