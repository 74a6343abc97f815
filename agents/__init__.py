"""The agents of the stream; `create_app` attaches them."""
