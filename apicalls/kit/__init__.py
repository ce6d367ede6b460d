"""What an integrator gets with an API call: a Postman collection, and code to paste."""
