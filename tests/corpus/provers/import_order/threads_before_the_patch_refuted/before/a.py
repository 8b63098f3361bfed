import patcher
import socket

print(socket, patcher)
