# A pipeline on EC2 beside an MSK cluster: network, rights, instances, and their number by lag.
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.40, < 7.0"
    }
  }
}

data "aws_partition" "this" {}

locals {
  group_id = var.group_id == "" ? var.name : var.group_id
  # arn:…:cluster/NAME/UUID → arn:…:topic/NAME/UUID/TOPIC
  topic_prefix = replace(var.cluster_arn, ":cluster/", ":topic/")
  group_prefix = replace(var.cluster_arn, ":cluster/", ":group/")
  cluster_name = split("/", var.cluster_arn)[1]
  parameter_arn = join(":", [
    "arn:${data.aws_partition.this.partition}:ssm",
    split(":", var.cluster_arn)[3], split(":", var.cluster_arn)[4],
    "parameter/${trimprefix(var.secrets_parameter, "/")}",
  ])
  user_data = replace(replace(replace(replace(replace(
    file("${path.module}/../ec2/user-data.sh"),
    "<<bucket>>", var.bucket),
    "<<package>>", var.package),
    "<<sha256>>", var.package_sha256),
    "<<pipeline>>", var.name),
  "<<parameter>>", var.secrets_parameter)
}
