"""The demo centre: a set-up, customers, articles and a day of tickets to look at and to learn with.

Pure content and a deterministic generator. Every person, organisation, number and text here is made up.
"""
