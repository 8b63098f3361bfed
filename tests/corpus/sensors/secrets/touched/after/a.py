API_KEY = "plainly-fake"
