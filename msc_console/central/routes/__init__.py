"""The routes of the API, a file for each conversation. Handlers translate; the rules live in the rooms they call."""
