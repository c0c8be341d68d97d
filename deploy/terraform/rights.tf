# What a job needs with MSK's IAM access control (docs/MSK.md, 7), and no more. With SCRAM or mutual TLS the rights
# are Kafka's ACLs, and these statements do no harm.
data "aws_iam_policy_document" "kafka" {
  statement {
    actions = concat(
      ["kafka-cluster:Connect", "kafka-cluster:DescribeCluster", "kafka-cluster:WriteDataIdempotently"],
      var.is_serverless ? [] : ["kafka-cluster:DescribeClusterDynamicConfiguration"],
    )
    resources = [var.cluster_arn]
  }

  statement {
    actions = [
      "kafka-cluster:DescribeTopic",
      "kafka-cluster:DescribeTopicDynamicConfiguration",
      "kafka-cluster:ReadData",
    ]
    resources = [for topic in var.input_topics : "${local.topic_prefix}/${topic}"]
  }

  statement {
    actions = [
      "kafka-cluster:DescribeTopic",
      "kafka-cluster:DescribeTopicDynamicConfiguration",
      "kafka-cluster:WriteData",
    ]
    resources = [for topic in var.output_topics : "${local.topic_prefix}/${topic}"]
  }

  statement {
    actions   = ["kafka-cluster:DescribeGroup", "kafka-cluster:AlterGroup"]
    resources = ["${local.group_prefix}/${local.group_id}"]
  }
}

data "aws_iam_policy_document" "files" {
  statement {
    actions = ["s3:GetObject"]
    resources = [
      "arn:${data.aws_partition.this.partition}:s3:::${var.bucket}/${var.package}",
      "arn:${data.aws_partition.this.partition}:s3:::${var.bucket}/${var.name}/*",
    ]
  }

  statement {
    actions   = ["s3:ListBucket"]
    resources = ["arn:${data.aws_partition.this.partition}:s3:::${var.bucket}"]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${var.name}/*"]
    }
  }

  dynamic "statement" {
    for_each = var.secrets_parameter == "" ? [] : [local.parameter_arn]

    content {
      actions   = ["ssm:GetParameter"]
      resources = [statement.value]
    }
  }
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "client" {
  name_prefix        = "${var.name}-"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "kafka" {
  name   = "kafka"
  role   = aws_iam_role.client.id
  policy = data.aws_iam_policy_document.kafka.json
}

resource "aws_iam_role_policy" "files" {
  name   = "files"
  role   = aws_iam_role.client.id
  policy = data.aws_iam_policy_document.files.json
}

resource "aws_iam_instance_profile" "client" {
  name_prefix = "${var.name}-"
  role        = aws_iam_role.client.name
}
