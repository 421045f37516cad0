"""Keys and switches behind one small contract."""

from drivers.inputs.contract import Change, Inputs, InputSettings, Name, open_inputs

__all__ = ["Change", "InputSettings", "Inputs", "Name", "open_inputs"]
