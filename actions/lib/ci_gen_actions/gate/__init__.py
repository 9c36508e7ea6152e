"""The action `gate`: the one verdict over all jobs that branch protection can require."""
