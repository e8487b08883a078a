"""What is agreed with partners: per document, direction and version; who owes which answer by when; going live.

`terms` and `windows` are pure; `store` keeps a partner's file by version; `expectations` and `silence` watch what is
owed; `invitations` and `certification` bring a partner from a link to production. docs/partners.md tells the whole.
"""
