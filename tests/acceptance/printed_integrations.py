"""Integrations to the letter as in the documentation, and what a model may say to each."""

ORDER_STATUS = """{
"url": "https://erp.company.com/api/orders/$order_number",
"method": "GET",
"headers": [
{ "key": "Authorization", "value": "Bearer $erp_token" }
],
"responseDirective": "Inform the customer of the order status clearly. If the status is 'delivered', congratulate them. If 'in_transit', provide the estimated delivery."
}"""  # noqa: E501 - as printed
SUPPORT_TICKET = """{
"url": "https://helpdesk.company.com/api/tickets",
"method": "POST",
"headers": [
{ "key": "Authorization", "value": "Bearer $helpdesk_api_key" },
{ "key": "X-Session-ID", "value": "$session.id" }
],
"body": {
"title": "$issue_title",
"description": "$issue_description",
"priority": "$priority",
"customer": {
"name": "$customer_name",
"email": "$customer_email"
},
"origin": {
"channel": "whatsapp",
"session": "$session.id",
"company": "$company.id"
}
},
"responseDirective": "Confirm the created ticket number to the customer and say our team will get in touch within 24h."
}"""
IMAGE_ANALYSIS = """{
"url": "https://api.vision.company.com/analyze",
"method": "POST",
"headers": [
{ "key": "Authorization", "value": "Bearer $vision_api_key" }
],
"body": {
"image_url": "$images[0]",
"all_images": $images,
"session_ref": "$session.id"
},
"responseDirective": "Describe what was identified in the image in a way that's useful for the user."
}"""
ORDER_SCHEMA = {
    "type": "object",
    "properties": {"order_number": {"type": "string", "pattern": "^[0-9]{4,}$"}},
    "required": ["order_number"],
}
TICKET_SCHEMA = {
    "type": "object",
    "properties": {
        "issue_title": {"type": "string"},
        "issue_description": {"type": "string"},
        "priority": {"enum": ["low", "normal", "high"]},
    },
    "required": ["issue_title", "issue_description", "priority"],
}
NOTHING = {"type": "object", "properties": {}}
