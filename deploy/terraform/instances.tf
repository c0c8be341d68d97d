resource "aws_launch_template" "pipeline" {
  name_prefix            = "${var.name}-"
  image_id               = var.ami_id
  instance_type          = var.instance_type
  vpc_security_group_ids = [aws_security_group.client.id]
  user_data              = base64encode(local.user_data)

  iam_instance_profile {
    arn = aws_iam_instance_profile.client.arn
  }

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_autoscaling_group" "pipeline" {
  name                = var.name
  min_size            = 1
  max_size            = var.instances_max
  vpc_zone_identifier = var.subnet_ids
  health_check_type   = "EC2"
  # An instance installs itself and joins the group in this time.
  default_instance_warmup = 180
  enabled_metrics         = ["GroupInServiceInstances"]

  launch_template {
    id      = aws_launch_template.pipeline.id
    version = aws_launch_template.pipeline.latest_version
  }

  # A new version comes one instance after another; shutting down drains (TimeoutStopSec).
  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 100
      max_healthy_percentage = 150
      instance_warmup        = 180
    }
  }

  tag {
    key                 = "Name"
    value               = "kafka-dispatcher-${var.name}"
    propagate_at_launch = true
  }
}

# MSK itself publishes the lag of groups, so no agent is needed for this.
resource "aws_autoscaling_policy" "lag" {
  name                      = "lag"
  autoscaling_group_name    = aws_autoscaling_group.pipeline.name
  policy_type               = "TargetTrackingScaling"
  estimated_instance_warmup = 180

  target_tracking_configuration {
    target_value = var.lag_per_instance

    customized_metric_specification {
      dynamic "metrics" {
        for_each = var.input_topics

        content {
          id          = "lag${metrics.key}"
          return_data = false

          metric_stat {
            stat = "Maximum"

            metric {
              namespace   = "AWS/Kafka"
              metric_name = "SumOffsetLag"

              dimensions {
                name  = "Cluster Name"
                value = local.cluster_name
              }
              dimensions {
                name  = "Consumer Group"
                value = local.group_id
              }
              dimensions {
                name  = "Topic"
                value = metrics.value
              }
            }
          }
        }
      }

      metrics {
        id          = "instances"
        return_data = false

        metric_stat {
          stat = "Average"

          metric {
            namespace   = "AWS/AutoScaling"
            metric_name = "GroupInServiceInstances"

            dimensions {
              name  = "AutoScalingGroupName"
              value = var.name
            }
          }
        }
      }

      metrics {
        id          = "per_instance"
        expression  = "(${join(" + ", [for index, _ in var.input_topics : "lag${index}"])}) / instances"
        return_data = true
      }
    }
  }
}
