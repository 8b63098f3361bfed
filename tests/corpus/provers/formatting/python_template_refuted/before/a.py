{{ user }}
