"""cXML punch-out: a buyer shops with us from within its own purchasing system, and takes the cart home as a document.

`setup` reads what the buyer asks for and answers with the start page of the tenant's shop; `cart` writes what the shop
returns as the PunchOutOrderMessage that the buyer's browser posts; `store` keeps the visit between the two.
"""
