{{user}}
