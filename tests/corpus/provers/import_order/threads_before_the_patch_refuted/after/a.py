import socket

import patcher

print(socket, patcher)
