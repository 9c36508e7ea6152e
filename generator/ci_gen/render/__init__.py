"""From the plan to texts: one module a platform, Jinja templates under templates/. Pure."""
