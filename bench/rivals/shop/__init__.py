"""The Django app that fires the event which django-outbound-webhooks delivers."""
