"""What the actions that scan share: findings, the expiring ignore list, how both are judged."""
