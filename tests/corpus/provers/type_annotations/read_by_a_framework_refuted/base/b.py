import typer
from a import handler_of

typer.run(handler_of)
