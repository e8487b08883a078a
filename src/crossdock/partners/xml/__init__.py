"""UBL and cXML: read safely, mapped by declared data in both directions, and judged again before they leave."""
