output "security_group_id" {
  description = "The clients' security group."
  value       = aws_security_group.client.id
}

output "role_arn" {
  description = "The role of the instances."
  value       = aws_iam_role.client.arn
}

output "kafka_policy_json" {
  description = "The rights in Kafka, for a role of your own (a pod's, say)."
  value       = data.aws_iam_policy_document.kafka.json
}
