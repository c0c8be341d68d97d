variable "name" {
  description = "Name of the pipeline; also of its configuration, NAME.yml in the bucket's folder NAME."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,40}$", var.name))
    error_message = "Lower-case letters, digits and dashes, at most 41 characters."
  }
}

variable "vpc_id" {
  description = "The VPC of the cluster, or one with a route to it."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the instances, one for each zone of the brokers."
  type        = list(string)
}

variable "cluster_arn" {
  description = "The cluster: arn:aws:kafka:REGION:ACCOUNT:cluster/NAME/UUID."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kafka:[a-z0-9-]+:[0-9]{12}:cluster/[^/]+/[^/]+$", var.cluster_arn))
    error_message = "An ARN of an MSK cluster, as aws kafka list-clusters-v2 prints it."
  }
}

variable "brokers_security_group_id" {
  description = "The security group of the brokers."
  type        = string
}

variable "broker_port" {
  description = "9098: IAM, 9096: SCRAM, 9094: TLS, 9092: plaintext (docs/MSK.md)."
  type        = number
  default     = 9098
}

variable "input_topics" {
  description = "Topics that the pipeline reads."
  type        = list(string)
}

variable "output_topics" {
  description = "Topics that it writes, the dead-letter topic among them."
  type        = list(string)
}

variable "group_id" {
  description = "kafka.consumer.group-id; empty: the pipeline's name."
  type        = string
  default     = ""
}

variable "is_serverless" {
  description = "MSK Serverless has no dynamic configuration of the cluster."
  type        = bool
  default     = false
}

variable "ami_id" {
  description = "Debian 12, Ubuntu 22.04 or Amazon Linux 2023, or later, of the package's architecture."
  type        = string
}

variable "instance_type" {
  description = "See the sizing table of docs/DEPLOY.md."
  type        = string
  default     = "c7i.large"
}

variable "instances_max" {
  description = "At most as many as the input has partitions."
  type        = number
  default     = 4
}

variable "lag_per_instance" {
  description = "Records of lag for which one instance more is started."
  type        = number
  default     = 500000
}

variable "bucket" {
  description = "S3 bucket with the package, and the pipeline's files in the folder NAME/."
  type        = string
}

variable "package" {
  description = "File name of the package in the bucket."
  type        = string
}

variable "package_sha256" {
  description = "Its line of SHA256SUMS."
  type        = string
}

variable "secrets_parameter" {
  description = "Name of a SecureString with lines NAME=value; empty: none."
  type        = string
  default     = ""
}
