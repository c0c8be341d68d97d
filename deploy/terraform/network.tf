resource "aws_security_group" "client" {
  name_prefix = "${var.name}-client-"
  description = "Kafka-Dispatcher ${var.name}: reaches the brokers, and AWS over TLS"
  vpc_id      = var.vpc_id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_egress_rule" "to_brokers" {
  security_group_id            = aws_security_group.client.id
  referenced_security_group_id = var.brokers_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = var.broker_port
  to_port                      = var.broker_port
  description                  = "Kafka"
}

# S3, Parameter Store, the token service of IAM, packages. Narrow it where the VPC has endpoints for these.
resource "aws_vpc_security_group_egress_rule" "to_aws" {
  security_group_id = aws_security_group.client.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = "HTTPS"
}

resource "aws_vpc_security_group_ingress_rule" "brokers_from_client" {
  security_group_id            = var.brokers_security_group_id
  referenced_security_group_id = aws_security_group.client.id
  ip_protocol                  = "tcp"
  from_port                    = var.broker_port
  to_port                      = var.broker_port
  description                  = "Kafka-Dispatcher ${var.name}"
}
